-- Takes a unit of every quota, or of none when one of them has none left.
--
-- KEYS: the count of each demand. ARGV: for each the microseconds that a unit takes to come back, and the limit.
-- Returns the instant of this, and for each demand the instant at which the whole quota was there before it; all in
-- microseconds of this server's clock. `amss_domain.shared.rate_limit` has the rule.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before, cut, after, taken = {}, {}, {}, true
for i, key in ipairs(KEYS) do
    local unit = tonumber(ARGV[2 * i - 1])
    local whole = unit * tonumber(ARGV[2 * i])
    -- pcall: what is no number, or no text at all, counts as nothing and is written over.
    local found = redis.pcall('GET', key)
    local kept = after[key] or (type(found) == 'string' and tonumber(found)) or 0
    before[i] = math.max(now, math.min(kept, now + whole))
    if kept > now + whole then
        cut[key] = before[i]
    end
    if before[i] + unit <= now + whole then
        after[key] = before[i] + unit
    else
        taken = false
    end
end
for key, at in pairs(taken and after or cut) do
    -- %.0f: a Lua number in text is cut to 14 digits otherwise.
    redis.call('SET', key, string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000))
end
return {now, unpack(before)}
