
-- Settles a charge in a fixed window.
-- KEYS, and ARGV[4] and after: those of an ask. ARGV[1]: the end of the hit's window in
-- microseconds. ARGV[2] and ARGV[3]: the units to give back and those to take, one of
-- which is 0.
-- Reply: the units given back, -1 if units were taken.
local key, period, mark = KEYS[1], tonumber(ARGV[6]), tonumber(ARGV[1])
local count, left = read_counter(key, period)
local now = clock()
local is_its_own = is_same(after(now, math.min(left, period)), mark, period)
if ARGV[9] == '1' then
  -- Until where its hit put the end, no other window can have begun, but by a clear.
  is_its_own = mark > now
end
if count <= 0 or not is_its_own then
  return 0
end
local settled = correct(key, count, tonumber(ARGV[2]), tonumber(ARGV[3]))
if settled == count then
  call('UNLINK', key)
end
return settled
