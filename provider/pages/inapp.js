// Asks DingTalk's client for a code and posts it, once; else goes to the ordinary login.
(function () {
  "use strict";
  var page = document.getElementById("in-app"), enter = document.getElementById("enter");
  var ready = false, failed = false, begun = !enter, over = false;

  function leave() {
    failed = true;
    if (!begun || over) return;
    over = true;
    window.location.replace(page.getAttribute("data-fallback"));
  }

  function hand(result) {
    var code = result && result.code;
    if (over) return;
    if (typeof code !== "string" || code === "" || code.length > 512) return leave();
    over = true;
    document.getElementById("code").value = code;
    HTMLFormElement.prototype.submit.call(document.getElementById("form"));
  }

  // One question. The answer comes by a call, by a promise or by both; a client that
  // does not know the question may answer by the promise alone.
  function ask(api, next) {
    var answered = false, promise;
    function yes(result) {
      if (answered) return;
      answered = true;
      hand(result);
    }
    function no() {
      if (answered) return;
      answered = true;
      next();
    }
    if (!api || typeof api.requestAuthCode !== "function") return no();
    try {
      promise = api.requestAuthCode({
        corpId: page.getAttribute("data-corp"), clientId: page.getAttribute("data-client"),
        onSuccess: yes, onFail: no, onCancel: no
      });
      if (promise && typeof promise.then === "function") {
        promise.then(function (result) { if (result) yes(result); }, no);
      }
    } catch (thrown) { no(); }
  }

  // Clients older than 7.0.45 know only the second question.
  function begin() {
    var dd = window.dd;
    ask(dd, function () {
      if (!over) ask(dd && dd.runtime && dd.runtime.permission, leave);
    });
  }

  function patience() {
    window.setTimeout(leave, Number(page.getAttribute("data-seconds")) * 1000);
  }

  function load() {
    var script = document.createElement("script"), hash = page.getAttribute("data-integrity");
    if (hash) {
      script.integrity = hash;
      script.crossOrigin = "anonymous";
    }
    script.onload = function () {
      ready = true;
      if (begun && !over) begin();
    };
    script.onerror = leave;
    script.src = page.getAttribute("data-script");
    document.head.appendChild(script);
  }

  if (enter) {
    enter.addEventListener("click", function (event) {
      event.preventDefault();
      if (begun) return;
      begun = true;
      if (failed) return leave();
      enter.setAttribute("aria-disabled", "true");
      patience();
      if (ready) begin();
    });
  } else {
    patience();
  }
  load();
})();
