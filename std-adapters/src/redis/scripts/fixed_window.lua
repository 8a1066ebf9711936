-- What the scripts on fixed windows share. An instant is a whole millisecond of the
-- server: a key in its last one, with 0 of them left, is over.

-- KEYS[1]: the counter, a decimal integer that expires with its window.
-- ARGV[1]: the milliseconds that a window lasts, -1 if they are not known.
local key, period = KEYS[1], tonumber(ARGV[1])

-- The counter and the milliseconds until it is over, 0 of each if it is. One that
-- lost its expiry gets one; a replica can't give it, and need not.
local count, left = 0, call('PTTL', key)
if left == -2 then
  left = 0
elseif left ~= 0 then
  count = number(call('GET', key))
  if left == -1 and period ~= -1 then
    redis.pcall('PEXPIRE', key, period)
    left = period
  end
end

