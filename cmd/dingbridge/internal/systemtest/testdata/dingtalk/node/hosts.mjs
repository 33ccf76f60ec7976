// Loaded before the clients: sends connections to DingTalk's hosts to the simulator's,
// which DINGTALK_HOSTS names, and changes nothing else. Only they can be reached.
import https from 'node:https'

const at = new URL(`tcp://${process.env.DINGTALK_HOSTS}`)
const connect = https.Agent.prototype.createConnection
https.Agent.prototype.createConnection = function (options, ...rest) {
  const name = options.servername || options.host
  if (!/(^|\.)dingtalk\.com$/.test(name)) throw new Error(`a connection to ${name}`)
  return connect.call(this, { ...options, host: at.hostname, port: at.port, servername: name }, ...rest)
}
