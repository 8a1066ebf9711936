-- What the scripts on moving windows share. An instant is a microsecond of the
-- server: exact in a number of Lua, a double.

-- KEYS[1]: the log, a list of the instants at which units were taken, newest
-- first, in decimal seconds.
-- ARGV[1]: the amount of the limit. ARGV[2]: its period in microseconds.
-- ARGV[3]: the units asked for.
local key = KEYS[1]
local amount, period, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local length = redis.call('LLEN', key)

local function taken_at(index)
  return math.floor(redis.call('LINDEX', key, index) * 1000000 + 0.5)
end

-- A clock that went back doesn't put units before those already taken.
local window_now = now
if length > 0 then
  window_now = math.max(now, taken_at(0))
end

local function is_live(index)
  return taken_at(index) + period > window_now
end

-- Tells how many of the units are not yet released. Those released since the
-- last hit are few and last, so the search begins there, in doubling steps.
local function count_live()
  local low, high, step = 0, length, 1
  while low < high do
    local index = math.max(high - step, 0)
    if is_live(index) then
      low = index + 1
      break
    end
    high, step = index, step * 2
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_live(middle) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

local used = count_live()
local fits = used + cost <= amount

-- Tells the microseconds until a unit is released.
local function released_in(index)
  return math.max(taken_at(index) + period - now, 0)
end

-- Makes the reply: whether the cost fits (1 or 0), the units in use, the
-- microseconds until the oldest is released, those until the cost fits.
local function reply()
  local reset, retry = 0, 0
  if used > 0 then
    reset = released_in(used - 1)
    if not fits then
      retry = released_in(math.max(amount - cost, 0))
    end
  end
  return { fits and 1 or 0, used, reset, retry }
end
