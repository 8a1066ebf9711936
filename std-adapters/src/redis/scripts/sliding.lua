-- Sliding window counters.
-- KEYS: the counter of the current window, which expires at the end of the next one;
--   that of the window before, which expires with the current one.
-- ARGV: `sliding`; the amount; the period in milliseconds; the units asked for; the units
--   to take.
-- Reply: the previous counter; the current one; the microsecond at which the current
--   window is over.

-- Both counters, those of the window that now is in; the milliseconds until the next one
-- is over, 0 if nothing counts, which tell both ends since the two keys may expire a
-- millisecond apart; whether the current key counts the current window, or what has
-- become the previous one.
local function read_sliding(current_key, previous_key, period)
  local current, left = read_counter(current_key, 2 * period)
  if left > 0 and left <= period and current ~= 0 then
    return current, 0, left + period, false, true
  end
  if left > period then
    local previous = read_counter(previous_key, left - period)
    if previous ~= 0 or current ~= 0 then
      return previous, current, left, true, false
    end
    return 0, 0, 0, false, false
  end
  -- Without a current counter a previous one is over that lost its expiry.
  local previous, previous_left = read_counter(previous_key, 0)
  if previous ~= 0 and previous_left > 0 then
    return previous, 0, previous_left + period, false, false
  end
  return 0, 0, 0, false, false
end

-- floor(count * left / period), digit by digit where the product is not exact. Neither
-- span is above 2^52 microseconds, so no number is above 2^53.
local function weight(count, left, period)
  if count * left < 2 ^ 53 then
    return math.floor(count * left / period)
  end
  local quotient, rest = 0, 0
  local _, bits = math.frexp(count)
  for bit = bits - 1, 0, -1 do
    quotient, rest = quotient * 2, rest * 2
    if rest >= period then
      quotient, rest = quotient + 1, rest - period
    end
    if math.floor(count / 2 ^ bit) % 2 == 1 then
      rest = rest + left
      if rest >= period then
        quotient, rest = quotient + 1, rest - period
      end
    end
  end
  return quotient
end

local function sliding(k, a, is_hit, fits)
  local current_key, previous_key, period = KEYS[k], KEYS[k + 1], tonumber(ARGV[a + 2])
  local previous, current, left, is_kept, is_turned =
    read_sliding(current_key, previous_key, period)
  local is_far, now, cost = left > 2 * period, clock(), tonumber(ARGV[a + 4])
  left = math.min(left, 2 * period)
  if fits == nil then
    local weighs = weight(previous, after(now, left - period) - now, period * 1000)
    fits = weighs + current + ARGV[a + 3] <= tonumber(ARGV[a + 1])
  end
  if is_hit and cost > 0 and (fits or is_far) then
    if fits and is_turned then
      call('SET', previous_key, decimal(previous), 'PX', left - period)
    end
    if fits and is_kept then
      call('INCRBY', current_key, decimal(cost))
    elseif fits then
      left = left == 0 and 2 * period or left
      call('SET', current_key, decimal(cost), 'PX', left)
      now = clock()
    end
    if is_far then
      call('PEXPIRE', current_key, left)
      call('PEXPIRE', previous_key, left - period)
    end
    current = fits and current + cost or current
  end
  return { fits and 1 or 0, now, previous, current, after(now, left - period) }
end

local kind = sliding
