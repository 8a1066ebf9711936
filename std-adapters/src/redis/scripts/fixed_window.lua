-- What the scripts on fixed windows share. An instant is a whole millisecond of the
-- server: a key in its last one, with 0 of them left, is over.

-- KEYS[1]: the counter, a decimal integer that expires with its window.
local key = KEYS[1]

-- Lets the key expire; a replica can't, and need not.
local function expire_in(period)
  redis.pcall('PEXPIRE', key, period)
  return period
end

-- Tells the counter and the milliseconds until it is over, 0 of each if it is.
-- One that lost its expiry gets one of `period`, -1 if that is not known.
local function read(period)
  local left = call('PTTL', key)
  if left == 0 or left == -2 then
    return 0, 0
  end
  local count = number(call('GET', key))
  if left == -1 and period ~= -1 then
    left = expire_in(period)
  end
  return count, left
end
