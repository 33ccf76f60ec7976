/* The DingTalk simulator's stand-in for the JSAPI. It is not DingTalk's script and
   knows only how to ask for a login code. For engines as old as Chrome 49. */
(function (root) {
  'use strict';
  var given = null /* given */;
  var agent = (root.navigator && root.navigator.userAgent) || '';
  var inside = given.client && (given.any || /dingtalk/i.test(agent) && !/dingtalk-linkservice/i.test(agent));

  function platform() {
    if (!inside) { return 'notInDingTalk'; }
    if (/OpenHarmony/i.test(agent) && /ArkWeb/i.test(agent)) { return 'harmony'; }
    if (/iPhone|iPad|iPod|iOS/i.test(agent)) { return 'ios'; }
    return /Android/i.test(agent) ? 'android' : 'pc';
  }

  function clientVersion() {
    var found = agent.match(/AliApp\(\w+\/([a-zA-Z0-9.-]+)\)/) || agent.match(/DingTalk[\/(]([a-zA-Z0-9.-]+)/);
    return found ? found[1] : undefined;
  }

  var env = {platform: platform(), platformSub: 'noSub', version: clientVersion(), appType: 'WEB', language: '*'};
  if (env.platform === 'pc') { env.platformSub = /Macintosh/.test(agent) ? 'mac' : 'win'; }

  // The newer call came with clients 7.0.45 (desktop 7.0.50).
  function hasNewCall() {
    var have, want = env.platform === 'pc' ? [7, 0, 50] : env.platform === 'harmony' ? [7, 0, 0] : [7, 0, 45];
    if (!env.version) { return true; }
    have = env.version.split('.');
    for (var i = 0; i < 3; i++) {
      var n = parseInt(have[i], 10) || 0;
      if (n !== want[i]) { return n > want[i]; }
    }
    return true;
  }

  function registered() {
    var at = root.location;
    if (given.loopback && /^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(at.hostname)) { return true; }
    for (var i = 0; i < given.origins.length; i++) {
      if (given.origins[i] === at.protocol + '//' + at.host) { return true; }
    }
    return false;
  }

  function problem(request, newer) {
    if (given.failure) { return given.failure; }
    if (newer && !hasNewCall()) { return {errorCode: '1', errorMessage: 'the client does not know this call'}; }
    if (!registered() || request.corpId !== given.corpId || newer && request.clientId !== given.clientId) {
      return {errorCode: '3', errorMessage: '对应企业没有' + root.location.hostname + '域名微应用'};
    }
    if (given.codes.length === 0) { return {errorCode: '-1', errorMessage: 'the simulated client has no more codes: load the page again'}; }
    return null;
  }

  function first(one, other) { return typeof one === 'function' ? one : typeof other === 'function' ? other : function () {}; }

  function ask(request, newer) {
    request = request || {};
    if (given.misbehave === 'jsapi-throws') { throw new Error('the simulated client is broken'); }
    function work(resolve, reject) {
      if (!inside) { // DingTalk's own script calls no callback here
        reject(new Error('[DINGTALK-JSAPI] ERROR 4040: Do not support the current environment: \'notInDingTalk\''));
        return;
      }
      if (given.misbehave === 'jsapi-silent') { return; }
      root.setTimeout(function () {
        var wrong = problem(request, newer), result;
        if (wrong) {
          first(request.fail, request.onFail)(wrong);
          first(request.complete)(wrong);
          reject(wrong);
          return;
        }
        result = {code: given.codes.shift()};
        first(request.success, request.onSuccess)(result);
        first(request.complete)(result);
        resolve(result);
      }, 0);
    }
    if (typeof root.Promise === 'function') { return new root.Promise(work); }
    work(function () {}, function () {});
  }

  var dd = {
    env: env,
    version: given.version,
    // Without dd.config, which a login does not need, ready is the bridge's and error has nothing to tell.
    ready: function (then) { if (inside) { root.setTimeout(then, 0); } },
    error: function () {},
    runtime: {permission: {requestAuthCode: function (request) { return ask(request, false); }}}
  };
  if (given.misbehave !== 'jsapi-old') {
    dd.requestAuthCode = function (request) { return ask(request, true); };
  }
  root.dd = dd;
})(window);
