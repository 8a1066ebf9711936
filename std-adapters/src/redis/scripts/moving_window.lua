-- What the scripts on moving windows share. An instant is a microsecond of the
-- server: exact in a number of Lua, a double.

-- KEYS[1]: the log, a list of the instants at which units were taken, newest
-- first, in decimal seconds.
-- ARGV[1]: the amount of the limit. ARGV[2]: its period in microseconds.
-- ARGV[3]: the units asked for.
local key, call = KEYS[1], redis.call
local amount, period, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function taken_at(index)
  local instant = math.floor(call('LINDEX', key, index) * 1000000 + 0.5)
  -- Nor is a NaN, which is less than nothing.
  if not (instant < 2 ^ 53) then
    error('not an instant')
  end
  return instant
end

-- A clock that went back doesn't put units before those already taken.
local length, window_now = call('LLEN', key), now
if length > 0 then
  window_now = math.max(now, taken_at(0))
end

-- The units that are not yet released, and when the oldest of them was taken.
-- Those released since the last hit are few and last, so the search for the
-- oldest begins there, in doubling steps.
local used, oldest, step = 0, nil, 1
local high = length
while used < high do
  local index = math.max(high - step, 0)
  local instant = taken_at(index)
  if instant + period > window_now then
    used, oldest = index + 1, instant
    break
  end
  high, step = index, step * 2
end
while used < high do
  local middle = math.floor((used + high) / 2)
  local instant = taken_at(middle)
  if instant + period > window_now then
    used, oldest = middle + 1, instant
  else
    high = middle
  end
end
local fits = used + cost <= amount
