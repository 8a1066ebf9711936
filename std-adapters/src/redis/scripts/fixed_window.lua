-- What the scripts on fixed windows share. An instant is a whole millisecond of the
-- server: a key in its last one, with 0 of them left, is over.

-- KEYS[1]: the counter, a decimal integer that expires with its window.
local key = KEYS[1]

-- Tells the counter and the milliseconds until it is over, 0 of each if it is.
-- One that lost its expiry gets one of `period`, unless that is -1, not known; a
-- replica can't give it, and need not.
local function read(period)
  local left = call('PTTL', key)
  if left == 0 or left == -2 then
    return 0, 0
  end
  local count = number(call('GET', key))
  if left == -1 and period ~= -1 then
    redis.pcall('PEXPIRE', key, period)
    left = period
  end
  return count, left
end
