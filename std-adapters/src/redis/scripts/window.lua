-- How all scripts begin.
--
-- A kind of window is one function of the place of an ask, the numbers of its first one of
-- KEYS and of ARGV, of whether it is a hit, and of whether its units fit, if that has been
-- decided. It answers with whether they fit (1 or 0), the server's clock in microseconds,
-- and three numbers of the kind's own.
--
-- An end that is further away than it can be was made by a clock that has gone back. It is
-- taken as the furthest, in every reading, and for good by the next hit.

local call = redis.call

-- The server's clock in microseconds: exact in a number of Lua, a double. It is read
-- after the expiries that it is added to, so that no end is told too early.
local function clock()
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

