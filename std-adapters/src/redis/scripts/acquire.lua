
-- Takes units from one window if they fit.
-- KEYS and ARGV: those of an ask of its kind. Reply: the kind's.
return kind(1, 1, true)
