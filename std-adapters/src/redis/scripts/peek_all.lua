
-- Finds out for each ask whether its units fit.
-- ARGV[1]: not used. Reply: that of each ask's kind.
return replies
