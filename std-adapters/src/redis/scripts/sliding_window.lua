-- What the scripts on sliding window counters share. An instant is a whole
-- millisecond of the server: a key in its last one is over.

-- KEYS[1]: the counter of the current window, which expires at the end of the
-- next one. KEYS[2]: that of the window before, which expires with the current one.
local current_key, previous_key = KEYS[1], KEYS[2]

-- Tells a counter and the milliseconds until it is over, 0 of each if it is.
-- One that lost its expiry gets one of `period`; a replica can't, and need not.
local function read(key, period)
  local left = call('PTTL', key)
  if left == 0 or left == -2 then
    return 0, 0
  end
  local count = number(call('GET', key))
  if left == -1 then
    redis.pcall('PEXPIRE', key, period)
    left = period
  end
  return count, left
end

-- Reads both counters: those of the window that now is in.
local function read_windows(period)
  local current, current_left = read(current_key, 2 * period)
  if current_left > 0 and current_left <= period then
    return current, current_left, 0, current_left + period, true
  end
  local previous, previous_left = read(previous_key, math.max(current_left - period, 1))
  return previous, previous_left, current, current_left, false
end
