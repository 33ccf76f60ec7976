-- How much memory there is in use, and for which kinds of keys.
local kinds, cursor = {}, '0'
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local kind = string.match(key, '^dingbridge:([^/]*)') or 'other'
    local k = kinds[kind] or {count = 0, bytes = 0}
    k.count, k.bytes = k.count + 1, k.bytes + redis.call('MEMORY', 'USAGE', key)
    kinds[kind] = k
  end
until cursor == '0'
local used = string.match(redis.call('INFO', 'memory'), 'used_memory:(%d+)')
return cjson.encode({used = tonumber(used), kinds = kinds})
