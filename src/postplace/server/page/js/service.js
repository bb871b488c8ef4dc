// What is asked of the service, and what it says where it does not answer.

/** Why there is no answer: where, what was found, what to do. */
export class Problem extends Error {
  constructor({ where, found, remedy }, { status = 0, retry = null } = {}) {
    super(`${where}: ${found}`);
    Object.assign(this, { where, found, remedy, status, retry });
  }
}

let token = "";

/** The token that is sent from now on; kept in this page alone. */
export function useToken(value) {
  token = value.trim();
}

/** The answer to a post's form, as data. Throws a Problem, or an AbortError where `signal` gives it up, until its last byte. */
export async function ask(path, post, options, signal) {
  const form = new FormData();
  form.set("text", post.text);
  if (Array.isArray(post.hashtags)) { // an empty one too: it says none, left out those in the text are
    form.set("hashtags", JSON.stringify(post.hashtags));
  } else if (post.hashtags.trim()) {
    form.set("hashtags", post.hashtags);
  }
  post.images.forEach((image, number) => form.append("images", image.blob, `image-${number + 1}`));
  for (const [name, value] of Object.entries(options)) {
    if (value !== null && value !== undefined) {
      form.set(name, value);
    }
  }
  return fetched(path, asData, { method: "POST", body: form, signal });
}

/** What stands at a path, as data. */
export async function read(path) {
  return fetched(path, asData);
}

/** What stands at a path, as it is. Throws an AbortError where `signal` gives it up. */
export async function readBlob(path, signal) {
  return fetched(path, (answer) => answer.blob(), { signal });
}

const asData = (answer) => answer.json();

/** What `content` makes of the answer. */
async function fetched(path, content, options = {}) {
  try {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(path, { ...options, headers, referrerPolicy: "no-referrer" });
    if (!answer.ok) {
      throw await refusal(answer);
    }
    const body = await content(answer);
    options.signal?.throwIfAborted(); // given up with its last byte: it is not shown either
    return body;
  } catch (error) {
    if (error instanceof Problem || error.name === "AbortError") {
      throw error;
    }
    if (error instanceof SyntaxError) {
      throw new Problem({ where: "service", found: "answered with something that is no answer", remedy: "see what stands between it and this page" });
    }
    throw new Problem({ where: "service", found: "cannot be reached", remedy: "see whether it still runs, then ask again" });
  }
}

async function refusal(answer) {
  const retry = Number(answer.headers.get("retry-after")) || null;
  const unknown = { where: "service", found: `answered with status ${answer.status}`, remedy: "ask again later" };
  const said = await answer.json().catch(() => unknown);
  return new Problem(said.where ? said : unknown, { status: answer.status, retry });
}
