-- Takes units from a sliding window counter if they fit.
-- ARGV[1]: the amount of the limit. ARGV[2]: its period in milliseconds.
-- ARGV[3]: the units to take, at most the amount.
-- Reply: whether they were taken (1 or 0), the previous counter, the milliseconds
-- until it is over, the current counter, the milliseconds until it is over.
local amount, period, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local previous, previous_left, current, current_left, turned = read_windows(period)

-- Tells floor(count * left / period), bit by bit where the product is not exact;
-- all of the count for a clock that went back.
local function weight(count, left)
  left = math.min(left, period)
  if count * left < 2 ^ 53 then
    return math.floor(count * left / period)
  end
  local quotient, rest = 0, 0
  for bit = 53, 0, -1 do
    local digit = math.floor(count / 2 ^ bit) % 2
    quotient, rest = quotient * 2, rest * 2 + digit * left
    local whole = math.floor(rest / period)
    quotient, rest = quotient + whole, rest - whole * period
  end
  return quotient
end

local fits = weight(previous, previous_left) + current + cost <= amount
if fits and cost > 0 then
  if turned then
    call('SET', previous_key, previous, 'PX', previous_left)
    call('SET', current_key, ARGV[3], 'PX', current_left)
  elseif current_left > 0 then
    call('INCRBY', current_key, ARGV[3])
  else
    current_left = 2 * period
    call('SET', current_key, ARGV[3], 'PX', current_left)
  end
  current = current + cost
end
return { fits and 1 or 0, previous, previous_left, current, current_left }
