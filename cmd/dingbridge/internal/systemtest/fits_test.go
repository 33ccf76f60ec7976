package systemtest

// fits is what somebody would find wrong with the page that is shown: what is wider
// than the screen or cut off; a first thing to press that is below its end (but where
// there is something to read first), or anything to press that is too small for a thumb; text that is hard to tell from its ground
// (WCAG 2.2, 1.4.3); a picture or a thing to press without a name.
const fits = `(function () {
	var wrong = [], wide = document.documentElement.clientWidth;
	function light(color) {
		var c = color.map(function (n) { n /= 255; return n <= .04045 ? n / 12.92 : Math.pow((n + .055) / 1.055, 2.4); });
		return .2126 * c[0] + .7152 * c[1] + .0722 * c[2];
	}
	function numbers(color) { return (color.match(/[0-9.]+/g) || []).map(Number); }
	function ground(e) {
		for (; e; e = e.parentElement) {
			var c = numbers(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
		}
		return [255, 255, 255];
	}
	function contrast(e) {
		var a = light(numbers(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	}
	function says(e) {
		return Array.prototype.some.call(e.childNodes, function (n) { return n.nodeType === 3 && n.data.trim() !== ""; });
	}
	if (document.documentElement.scrollWidth > wide) wrong.push("scrolls sideways");
	document.querySelectorAll("body *").forEach(function (e) {
		if (!(e instanceof HTMLElement) || !e.checkVisibility() || e.closest(".under-way, .unseen")) return;
		var r = e.getBoundingClientRect(), name = e.nodeName + "#" + e.id + "." + e.className;
		if (r.width && (r.left < -.5 || r.right > wide + .5)) wrong.push("beyond the edge: " + name);
		if (getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1) wrong.push("cut off: " + name);
		if (e.matches("a.button, button, a.row") && r.height < (TOUCH ? 44 : 24)) wrong.push("too low, " + r.height + " px: " + name);
		if (e.matches("summary, .switch") && r.height < 24) wrong.push("too low, " + r.height + " px: " + name);
		if (says(e) && contrast(e) < 4.5) wrong.push("hard to read, " + contrast(e).toFixed(2) + ": " + name);
		if (e.matches("a, button, iframe") && !(e.innerText || e.title || e.getAttribute("aria-label"))) wrong.push("without a name: " + name);
	});
	var first = Array.prototype.find.call(document.querySelectorAll("main:not([data-page=device-confirm]) :is(iframe, .button, a.row)"), function (e) { return e.checkVisibility(); });
	if (first && first.getBoundingClientRect().bottom > innerHeight) wrong.push("the first thing to press is below the screen: " + first.nodeName + "#" + first.id);
	var behind = document.querySelector("#frame") && document.readyState === "complete" && document.querySelector("#scan > p");
	if (behind && behind.checkVisibility()) wrong.push("what waits behind the frame shows through it");
	if (document.querySelectorAll("h1").length !== 1 || !document.documentElement.lang || !document.title) wrong.push("without a heading, a language or a title");
	return wrong;
})()`
