-- Buckets that refill evenly: the generic cell rate algorithm, in whole numbers.
-- KEYS: the bucket, three decimal numbers: the microsecond of the server at which it is
--   full, rounded up; by how much sooner it is, in parts of a microsecond of which the
--   amount make a whole; the units given back since it was last full, modulo 2^53, from a
--   number on that tells this time from others.
-- ARGV: `gcra`; the amount; the period in microseconds; how long the units asked for take
--   to be refilled, in whole microseconds and in parts of one; the same of the units to
--   take; where the count of units given back begins for a bucket that is full.
-- Reply: the microseconds until it is full, rounded up; the parts by which it is sooner;
--   the units given back.

-- The server's clock, the three numbers of the reply, and whether the bucket would have
-- been full later than it can be.
local function read_gcra(key, amount, period, first)
  local text, now = call('GET', key), clock()
  if not text then
    return now, 0, 0, first, false
  end
  local full_at, short, given = string.match(text, '^(%d+) (%d+) (%d+)$')
  if not full_at or tonumber(given) >= 2 ^ 53 then
    error('not a bucket')
  end
  local ahead = full_at - now
  if ahead <= 0 then
    return now, 0, 0, first, false
  elseif ahead > period or tonumber(short) >= amount then
    -- Nor can one of this amount be short of more parts.
    return now, math.min(ahead, period), 0, tonumber(given), true
  end
  return now, ahead, tonumber(short), tonumber(given), false
end

-- How long it takes until a bucket is full if it takes so much longer. Neither span is
-- above 2^52, so a sum that is not exact is above any period.
local function later(ahead, short, micros, parts, amount)
  ahead, short = ahead + micros, short - parts
  if short < 0 then
    return ahead + 1, short + amount
  end
  return ahead, short
end

local function keep_gcra(key, now, ahead, short, given)
  local bucket = string.format('%d %d %d', now + ahead, short, given)
  -- A key lasts until its millisecond is over.
  call('SET', key, bucket, 'PX', math.ceil(ahead / 1000))
end

local function gcra(k, a, is_hit, fits)
  local key, amount, period = KEYS[k], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local now, ahead, short, given, is_far = read_gcra(key, amount, period, ARGV[a + 7])
  if fits == nil then
    fits = later(ahead, short, ARGV[a + 3], ARGV[a + 4], amount) <= period
  end
  local micros, parts = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
  if is_hit and micros + parts > 0 and (fits or is_far) then
    if fits then
      ahead, short = later(ahead, short, micros, parts, amount)
    end
    keep_gcra(key, now, ahead, short, given)
  end
  return { fits and 1 or 0, now, ahead, short, tonumber(given) }
end

local kind = gcra
