package redis

// The scripts, each on one key, so that Redis Cluster needs nothing special.
// They are sent whole with EVAL: after a failover or SCRIPT FLUSH an EVALSHA
// inside a pipeline would fail while its neighbours apply.
//
// A value is 16 bytes of Version and the payload. Every script that writes one
// answers the empty string for success, and the writer's own id in the present
// value is success too: that makes sending it twice harmless (promise S3).

// swapScript: ARGV from, value, life in ms or 0. Answers nil when nothing is
// there, the present value on conflict.
const swapScript = `local v=redis.call('GET',KEYS[1])
if not v then return false end
if #v<16 then return redis.error_reply('STRANGE value') end
local id=string.sub(v,1,16)
if id==string.sub(ARGV[2],1,16) then return '' end
if id~=ARGV[1] then return v end
if ARGV[3]=='0' then redis.call('SET',KEYS[1],ARGV[2]) else redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) end
return ''`

// createScript: ARGV value, life in ms or 0. It is the second question of a
// Create, asked when SET NX met something or its reply was lost.
const createScript = `local v=redis.call('GET',KEYS[1])
if v then
if #v<16 then return redis.error_reply('STRANGE value') end
if string.sub(v,1,16)==string.sub(ARGV[1],1,16) then return '' end
return v
end
if ARGV[2]=='0' then redis.call('SET',KEYS[1],ARGV[1]) else redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) end
return ''`

// joinScript: ARGV member, life in ms or 0. The set is sorted by when a member
// ends, told by the server's clock, so that replicas whose clocks differ agree.
// The key ends with its last member.
const joinScript = `local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
redis.call('ZREMRANGEBYSCORE',KEYS[1],'-inf',now)
local ends='+inf'
if ARGV[2]~='0' then ends=now+ARGV[2] end
redis.call('ZADD',KEYS[1],'GT',ends,ARGV[1])
local last=redis.call('ZRANGE',KEYS[1],-1,-1,'WITHSCORES')[2]
if last=='inf' then redis.call('PERSIST',KEYS[1]) else redis.call('PEXPIREAT',KEYS[1],last) end
return ''`

// membersScript reads and changes nothing.
const membersScript = `local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
return redis.call('ZRANGEBYSCORE',KEYS[1],'('..string.format('%.0f',now),'+inf')`
