function fail(text) {
  at("error").textContent = text;
  show("error", Boolean(text));
}

async function load() {
  fail("");
  const response = await fetch("/models", { headers: headers() });
  show("locked", response.status === 401);
  show("open", response.ok);
  if (response.status === 401) {
    at("about").textContent = "";
    if (key) fail("This key is not accepted.");
    at("key").focus();
    return;
  }
