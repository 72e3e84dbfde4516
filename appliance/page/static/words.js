// What the scripts say, in the language of the page.

const known = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const lang = document.documentElement.lang;

/** The text, with `{name}` in it replaced by values. */
export function t(text, values = {}) {
  return (known[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Why the box refuses something, for a person. */
export async function refusal(answer) {
  const { detail } = await answer.json();
  return answer.status === 401 ? t("You are logged out. Log in again on another page, then try it here once more.") : detail;
}

/** A number of megabytes. */
export const megabytes = (bytes) => (bytes / 1e6).toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
