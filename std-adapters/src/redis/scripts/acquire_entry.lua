-- Takes units from a moving window if they fit.
-- Reply: that of the window, after it.

-- A call takes no more arguments than this at once.
local CHUNK = 5000

local function expire()
  redis.call('PEXPIRE', key, math.ceil((window_now + period - now) / 1000))
end

if fits and cost > 0 then
  local entry = string.format('%d.%06d', window_now / 1000000, window_now % 1000000)
  local entries = {}
  for index = 1, math.min(cost, CHUNK) do
    entries[index] = entry
  end
  local left = cost
  while left > 0 do
    local count = math.min(left, CHUNK)
    redis.call('LPUSH', key, unpack(entries, 1, count))
    left = left - count
  end
  used = used + cost
  if length + cost > used then
    redis.call('LTRIM', key, 0, used - 1)
  end
  expire()
elseif not fits and redis.call('PTTL', key) == -1 then
  expire()
end
return reply()
