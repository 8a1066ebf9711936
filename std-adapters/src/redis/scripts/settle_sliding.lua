
-- Settles a charge in a sliding window counter.
-- KEYS, and ARGV[4] and after: those of an ask. ARGV[1]: the end of the hit's window in
-- microseconds. ARGV[2] and ARGV[3]: the units to give back and those to take, one of
-- which is 0.
-- Reply: the units given back, -1 if units were taken.
local current_key, previous_key, period = KEYS[1], KEYS[2], tonumber(ARGV[6])
local previous, current, left, _, is_turned = read_sliding(current_key, previous_key, period)
local ends = after(clock(), math.min(left, 2 * period) - period)
local key, count, others = current_key, current, previous
if is_same(ends, ARGV[1] + period * 1000, period) then
  -- The hit's window has become the previous one, maybe under the current key still.
  key, count, others = is_turned and current_key or previous_key, previous, current
elseif not is_same(ends, ARGV[1], period) then
  return 0
end
if left == 0 or count <= 0 then
  return 0
end
local settled = correct(key, count, tonumber(ARGV[2]), tonumber(ARGV[3]))
if settled == count and others == 0 then
  call('UNLINK', current_key, previous_key)
end
return settled
