
-- What settling does to counters.

-- Whether two ends, in microseconds, are those of one window. Each may be told a
-- millisecond late, and so may the windows after it be.
local function is_same(one, other, period)
  local apart = math.min(2, math.floor((period - 1) / 2))
  return math.abs(one - other) <= apart * 1000
end

-- Corrects a counter above 0 by the units to give back or those to take, and tells those
-- given back, -1 if units were taken.
local function correct(key, count, back, more)
  if more > 0 then
    call('INCRBY', key, decimal(math.min(more, MOST - count)))
    return -1
  end
  back = math.min(back, count)
  call('INCRBY', key, decimal(-back))
  return back
end
