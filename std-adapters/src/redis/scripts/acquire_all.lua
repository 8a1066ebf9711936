
-- Takes the units of all asks or of none.
-- ARGV[1]: 1 if they may pass, 0 if there is another ask that can't.
-- Reply: that of each ask's kind. Where one does not fit, that of the others says whether
-- they would have.
local all_fit = ARGV[1] == '1'
for _, reply in ipairs(replies) do
  all_fit = all_fit and reply[1] == 1
end
for number, ask in ipairs(asks) do
  if all_fit or replies[number][1] == 0 then
    local kind, k, a = unpack(ask)
    -- It reads the window again, from which an ask before it may have taken.
    replies[number] = kind(k, a, true, all_fit)
  end
end
return replies
