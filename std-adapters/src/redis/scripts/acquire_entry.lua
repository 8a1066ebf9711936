-- Takes units from a moving window if they fit.
-- Reply: that of moving windows, after it.

-- A call takes no more arguments than this at once.
local CHUNK = 5000

if fits and cost > 0 then
  local entry = string.format('%d.%06d', window_now / 1000000, window_now % 1000000)
  if cost == 1 then
    call('LPUSH', key, entry)
  else
    local entries = {}
    for index = 1, math.min(cost, CHUNK) do
      entries[index] = entry
    end
    for pushed = 0, cost - 1, CHUNK do
      call('LPUSH', key, unpack(entries, 1, math.min(cost - pushed, CHUNK)))
    end
  end
  if length > used then
    call('LTRIM', key, 0, used + cost - 1)
  end
  used, oldest = used + cost, oldest or window_now
end
if cost > 0 and (fits or call('PTTL', key) == -1) then
  call('PEXPIRE', key, math.ceil((window_now + period - now) / 1000))
end

