-- Counters that expire: those of fixed windows and of sliding ones. An instant is a
-- whole millisecond of the server: a key in its last one, with 0 of them left, is over.

-- The most a counter is taken for: a double counts to there and no further.
local MOST = 2 ^ 53

-- A count as commands read it: from Redis 7.2 on a number from 2^52 on is written with an
-- exponent.
local function decimal(count)
  return string.format('%.0f', count)
end

-- A counter and the milliseconds until it is over, 0 of each if it is. One that lost its
-- expiry gets one of `period`, if that is known; a replica can't give it, and need not.
local function read_counter(key, period)
  local left = call('PTTL', key)
  if left == 0 or left == -2 then
    return 0, 0
  end
  local text = call('GET', key) or ''
  -- Lua reads more than INCRBY does, which would fail when others have been charged.
  local count = string.find(text, '^-?%d+$') and tonumber(text)
  if not count or string.find(text, '^-?0.') or count < -MOST then
    error('not a counter')
  end
  if left == -1 and period ~= -1 then
    redis.pcall('PEXPIRE', key, period)
    left = period
  end
  return math.min(count, MOST), left
end

-- The microsecond that is so many whole milliseconds after the one that `now` is in.
local function after(now, millis)
  return now - now % 1000 + millis * 1000
end

