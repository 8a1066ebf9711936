-- Moving windows. An instant is a microsecond of the server.
-- KEYS: the log, a list of the instants at which units were taken, newest first, in
--   decimal seconds. One in the future counts as taken now.
-- ARGV: `moving`; the amount; the period in microseconds; the units asked for; the units
--   to take.
-- Reply: the units in use; when the oldest of them is released; when the units asked for
--   fit.

-- A call takes no more arguments than this at once.
local CHUNK = 5000

local function taken_at(key, index)
  local instant = math.floor(call('LINDEX', key, index) * 1000000 + 0.5)
  -- Nor is a NaN, which is less than nothing.
  if not (instant < 2 ^ 53) then
    error('not an instant')
  end
  return instant
end

-- How many entries from the head on are later than `instant`, by halves.
local function later_than(key, instant, length)
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if taken_at(key, middle) > instant then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- How many of the entries are not yet released, and when the oldest of them was taken.
-- Those that were since the last hit are few and last, so the search for the oldest
-- begins there, in doubling steps.
local function live(key, released, length)
  local low, high, step, oldest = 0, length, 1, nil
  while low < high do
    local index = math.max(high - step, 0)
    local instant = taken_at(key, index)
    if instant > released then
      low, oldest = index + 1, instant
      break
    end
    high, step = index, step * 2
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    local instant = taken_at(key, middle)
    if instant > released then
      low, oldest = middle + 1, instant
    else
      high = middle
    end
  end
  return low, oldest
end

local function entry_of(instant)
  return string.format('%d.%06d', instant / 1000000, instant % 1000000)
end

-- Puts so many entries of one instant before all others.
local function push(key, entry, count)
  if count == 1 then
    call('LPUSH', key, entry)
    return
  end
  local entries = {}
  for index = 1, math.min(count, CHUNK) do
    entries[index] = entry
  end
  for pushed = 0, count - 1, CHUNK do
    call('LPUSH', key, unpack(entries, 1, math.min(count - pushed, CHUNK)))
  end
end

-- Makes the entries that are in the future ones of now.
local function bring_back(key, now, length)
  local ahead = later_than(key, now, length)
  call('LTRIM', key, ahead, -1)
  push(key, entry_of(now), ahead)
end

local function hit_moving(key, period, now, length, used, is_ahead, cost, fits)
  if is_ahead then
    bring_back(key, now, length)
  end
  if fits then
    push(key, entry_of(now), cost)
    if length > used then
      call('LTRIM', key, 0, used + cost - 1)
    end
  end
  if fits or is_ahead or call('PTTL', key) == -1 then
    -- A key lasts until its millisecond is over.
    call('PEXPIRE', key, math.ceil(period / 1000))
  end
end

local function moving(k, a, is_hit, fits)
  local key, amount, period = KEYS[k], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local asked, cost = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  local now, length = clock(), call('LLEN', key)
  local is_ahead = length > 0 and taken_at(key, 0) > now
  local used, oldest = live(key, now - period, length)
  if fits == nil then
    fits = used + asked <= amount
  end
  if is_hit and cost > 0 then
    hit_moving(key, period, now, length, used, is_ahead, cost, fits)
    used = fits and used + cost or used
  end
  local reset, retry = now, now
  if used > 0 then
    reset = math.min(oldest or now, now) + period
    if not fits then
      retry = math.min(taken_at(key, math.max(amount - asked, 0)), now) + period
    end
  end
  return { fits and 1 or 0, now, used, reset, retry }
end

local kind = moving
