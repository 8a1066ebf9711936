
-- Puts another bucket in the place of one that was read, if that is still there.
-- KEYS, and ARGV[7] and after: those of an ask. ARGV[1] to ARGV[3]: the numbers of the
-- bucket that was read. ARGV[4] to ARGV[6]: those of the other.
-- Reply: whether that was done (1 or 0).
local key, amount, period = KEYS[1], tonumber(ARGV[8]), tonumber(ARGV[9])
local now, ahead, short, given, is_far = read_gcra(key, amount, period, 0)
-- One that is too far away was read as another, by the clock.
local is_there = is_far or now + ahead == tonumber(ARGV[1]) and short == tonumber(ARGV[2])
if not is_there or given ~= tonumber(ARGV[3]) then
  return 0
end
ahead = ARGV[4] - now
if ahead > 0 then
  keep_gcra(key, now, ahead, ARGV[5], ARGV[6])
else
  call('UNLINK', key)
end
return 1
