// Takes what the frame with the QR code says, and goes to our callback with it, once.
(function () {
  "use strict";
  var scan = document.getElementById("scan"), frame = document.getElementById("frame");
  var origin = scan.getAttribute("data-origin"), callback = scan.getAttribute("data-callback"), state = scan.getAttribute("data-state");
  var notes = ["not-member", "scan-failed"], over = false;

  function tell(id) {
    for (var i = 0; i < notes.length; i++) document.getElementById(notes[i]).hidden = notes[i] !== id;
  }

  // The value of a parameter, "" if it has none, null if it has several.
  function value(pairs, name) {
    var found = "";
    for (var i = 0; i < pairs.length; i++) {
      var at = pairs[i].indexOf("=");
      if (pairs[i].slice(0, at < 0 ? pairs[i].length : at) !== name) continue;
      var text = at < 0 ? "" : decodeURIComponent(pairs[i].slice(at + 1).replace(/\+/g, " "));
      if (found !== "" && found !== text) return null;
      found = text;
    }
    return found;
  }

  // The address to go to, "" if the answer is not one to this login.
  function answer(redirect) {
    if (typeof redirect !== "string" || redirect.length > 8192) return "";
    var url = redirect.split("#")[0], at = url.indexOf("?");
    if (at < 0 || url.slice(0, at) !== callback) return "";
    var pairs = url.slice(at + 1).split("&");
    var code = value(pairs, "authCode"), same = value(pairs, "code");
    if (code === null || same === null || code && same && code !== same) return "";
    code = code || same;
    if (!code || code.length > 512 || value(pairs, "state") !== state) return "";
    return callback + "?authCode=" + encodeURIComponent(code) + "&state=" + encodeURIComponent(state);
  }

  // The frame may be transparent, so what announces it goes when it is there.
  frame.addEventListener("load", function () { document.getElementById("coming").hidden = true; });

  window.addEventListener("message", function (event) {
    var data = event.data, to = "";
    if (over || event.origin !== origin || !frame.contentWindow || event.source !== frame.contentWindow) return;
    if (data === null || typeof data !== "object" || typeof data.success !== "boolean") return;
    if (!data.success) return tell(data.errorCode === 11055 || data.errorCode === "11055" ? "not-member" : "scan-failed");
    try { to = answer(data.redirectUrl); } catch (malformed) { to = ""; }
    if (to === "") return tell("scan-failed");
    over = true;
    tell("");
    window.location.replace(to);
  });

  window.setTimeout(function () {
    if (over) return;
    over = true;
    tell("");
    frame.parentNode.removeChild(frame);
    document.getElementById("expired").hidden = false;
  }, Number(scan.getAttribute("data-seconds")) * 1000);
})();
