// Posts a text as a comment on the pull request of a workflow run; later runs replace the comment. Its token can write,
// so it trusts nothing from the run but the text: the run's commit determines the pull request.
//   node .github/scripts/comment.mjs FILE    with GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, HEAD_SHA, HEAD_OWNER, HEAD_BRANCH
import { readFileSync } from "node:fs";

const marker = "<!-- inngest-local: preview -->";
/** Characters. GitHub's limit is 65,536. */
const maxLength = 60_000;
const { GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, HEAD_SHA, HEAD_OWNER, HEAD_BRANCH } = process.env;
const repository = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;

/**
 * @param {string} path
 * @param {{ method?: string, body?: object }} [request]
 */
async function github(path, { method = "GET", body } = {}) {
  const headers = { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json" };
  const response = await fetch(repository + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
  return await response.json();
}

/** @param {string} text */
function safe(text) {
  // A plan contains text by its author, which must not mention anybody or end the comment.
  const quiet = text.replaceAll("@", "@\u200b").replaceAll("<!--", "<\u200b!--");
  if (quiet.length <= maxLength) return quiet;
  const end = quiet.slice(0, maxLength).lastIndexOf("\n");
  return `${quiet.slice(0, end)}\n\`\`\`\`\n</details>\n\nThe rest is too long for a comment. See the run's artifact.`;
}

const head = encodeURIComponent(`${HEAD_OWNER}:${HEAD_BRANCH}`);
/** @type {{ number: number, head: { sha: string } }[]} */
const pulls = await github(`/pulls?state=open&head=${head}`);
const pull = pulls.find((each) => each.head.sha === HEAD_SHA);
if (!pull) {
  console.log(`No open pull request has ${HEAD_SHA} as its head. A newer push has its own run.`);
} else {
  const body = `${marker}\n${safe(readFileSync(process.argv[2] ?? "", "utf8"))}`;
  /** @type {{ id: number, body: string, user: { type: string } }[]} */
  const comments = [];
  for (let page = 1; ; page++) {
    const more = await github(`/issues/${pull.number}/comments?per_page=100&page=${page}`);
    comments.push(...more);
    if (more.length < 100) break;
  }
  const own = comments.find((each) => each.user.type === "Bot" && each.body.startsWith(marker));
  if (own) await github(`/issues/comments/${own.id}`, { method: "PATCH", body: { body } });
  else await github(`/issues/${pull.number}/comments`, { method: "POST", body: { body } });
  console.log(`${own ? "Updated" : "Posted"} the comment on pull request ${pull.number}.`);
}
