// OpenPartner in the browser: remembers which partner link a visitor came by, and says so when
// your site knows who they are.
//
//   <script src="https://partners.example.com/sdk/v1.js" async></script>
//   OpenPartner.identify("user-123", { signature: "…" })
//
// On a deployment of many programs name yours: data-program="your-slug" on the script tag.
(function (window, document) {
  "use strict"

  var script = document.currentScript
  var origin = script ? new URL(script.src).origin : window.location.origin
  var program = script && script.getAttribute("data-program")
  var endpoint = origin + (program ? "/t/" + encodeURIComponent(program) : "") + "/api/v1/identify"
  var storeKey = "openpartner" + (program ? ":" + program : "")
  var keep = 10
  var id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

  // Storage may be missing or refused; then visits are kept as long as the page is.
  var memory = []
  function load() {
    try {
      var kept = JSON.parse(window.localStorage.getItem(storeKey))
      return Array.isArray(kept) ? kept : memory
    } catch (e) {
      return memory
    }
  }
  function save(visits) {
    memory = visits.slice(-keep)
    try {
      window.localStorage.setItem(storeKey, JSON.stringify(memory))
    } catch (e) {}
  }

  // A visit is { cref, told: the users it was tied to }.
  function remember(cref) {
    if (!id.test(cref || "")) return
    var visits = load()
    var known = visits.filter(function (v) { return v.cref === cref })[0]
    visits = visits.filter(function (v) { return v.cref !== cref })
    save(visits.concat(known || { cref: cref, told: [] }))
  }

  function tell(visit, user, signature) {
    return window.fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      keepalive: true,
      body: JSON.stringify(signature ? { cref: visit.cref, user_id: user, signature: signature } : { cref: visit.cref, user_id: user }),
    }).then(function (answer) {
      if (answer.ok || answer.status === 404) {
        save(load().filter(function (v) {
          if (v.cref === visit.cref) v.told = (v.told || []).concat(user)
          return v.cref !== visit.cref || answer.ok // an unknown visit is forgotten
        }))
      }
      return answer.ok
    })
  }

  // identify ties all remembered visits to a user of your site, oldest first, each once. What
  // could not be told is told at the next call. The promise gives how many were told.
  function identify(user, options) {
    user = String(user)
    var told = 0
    return load().reduce(function (before, visit) {
      if ((visit.told || []).indexOf(user) >= 0) return before
      return before.then(function () { return tell(visit, user, options && options.signature) })
        .then(function (ok) { if (ok) told++ }, function () {})
    }, Promise.resolve()).then(function () { return told })
  }

  remember(new URLSearchParams(window.location.search).get("cref"))
  var cookie = document.cookie.match(new RegExp("(?:^|; )op_cref" + (program ? "_" + program : "") + "=([^;]*)"))
  if (cookie) remember(cookie[1])

  window.OpenPartner = {
    identify: identify,
    crefs: function () { return load().map(function (v) { return v.cref }) },
  }
})(window, document)
