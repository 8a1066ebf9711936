-- Fixed windows, elastic ones too: counters that start over when they expire.
-- KEYS: the counter, a decimal integer that expires with its window.
-- ARGV: `fixed`; the amount; the milliseconds that a window lasts, -1 if they are not
--   known; the units asked for; the units to take; 1 if every hit moves the end.
-- Reply: the counter; the microsecond at which it is over, -1 if that is never; 0.

-- What a key of no known period may have left in milliseconds: 35,000 years.
local FURTHEST = 2 ^ 50

local function fixed(k, a, is_hit, fits)
  local key, period, cost = KEYS[k], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 4])
  local count, left = read_counter(key, period)
  local moves = ARGV[a + 5] == '1'
  if left > period and period ~= -1 then
    left, moves = period, true
  end
  if fits == nil then
    fits = count + ARGV[a + 3] <= tonumber(ARGV[a + 1])
  end
  if is_hit and cost > 0 then
    if fits and count == 0 then
      call('SET', key, decimal(cost), 'PX', period)
      count, left, moves = cost, period, false
    elseif fits then
      count = math.min(call('INCRBY', key, decimal(cost)), MOST)
    end
    if moves and count ~= 0 then
      call('PEXPIRE', key, period)
      left = period
    end
  end
  local now, ends = clock(), -1
  if left ~= -1 then
    ends = after(now, math.min(left, FURTHEST))
  end
  return { fits and 1 or 0, now, count, ends, 0 }
end

local kind = fixed
