// The wall board renews itself each minute, and stays as it is while the server cannot be reached.
const EVERY_MS = 60_000;

setInterval(async () => {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) location.reload();
    else document.body.classList.add("wall-stale");
  } catch {
    document.body.classList.add("wall-stale");
  }
}, EVERY_MS);
