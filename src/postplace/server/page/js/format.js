// Numbers as a person says them.

const GAP = "\u00a0"; // a number and its unit stay on one line

/** 0.812 -> "81 %"; what is nearly nothing or nearly certain is said so. */
export function percent(share) {
  if (share > 0 && share < 0.01) {
    return `under 1${GAP}%`;
  }
  if (share > 0.99 && share < 1) {
    return `over 99${GAP}%`;
  }
  return `${Math.round(share * 100)}${GAP}%`;
}

/** 0.35 -> "350 m", 12.4 -> "12 km". */
export function distance(km) {
  if (km < 1) {
    return `${Math.round(km * 1000)}${GAP}m`;
  }
  return km < 10 ? `${Number(km.toFixed(1))}${GAP}km` : `${Math.round(km)}${GAP}km`;
}

/** How likely a share is, in words. */
export function likelihood(share) {
  const steps = [[0.9, "almost surely"], [0.7, "very probably"], [0.5, "probably"], [0.25, "perhaps"]];
  const step = steps.find(([least]) => share >= least);
  return step ? step[1] : "possibly";
}

/** How strongly a part moved the answer, by its nats of log-odds. */
export function strength(nats) {
  const size = Math.abs(nats);
  const side = nats > 0 ? "for" : "against";
  const steps = [[2, "very strongly"], [1, "strongly"], [0.4, "clearly"], [0.1, "a little"]];
  const step = steps.find(([least]) => size >= least);
  return step ? `${step[1]} ${side}` : "hardly at all";
}

/** One, two, three images ... */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** ["a", "b", "c"] -> "a, b and c". */
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** ["river", "old bridge"] -> "river #old bridge#": hashtags as they are shown in the form's field. */
export function typed(hashtags) {
  return hashtags.map((tag) => (/[\s;,；，、]/.test(tag) ? `#${tag}#` : tag)).join(" ");
}

/** A text of at most `most` letters, with an ellipsis where some are left out. */
export function shortened(text, most = 40) {
  const letters = [...text]; // whole ones: half an emoji is none
  return letters.length > most ? `${letters.slice(0, most - 1).join("").trimEnd()}…` : text;
}

/** How far a post was read, as sentences; `said` is of `not_read`. */
export function readSoFar(said) {
  return `Not all of the post was read. ${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

/** A name inside a sentence, which may be written the other way: neither turns the other around. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/** A part of a post as it is called in a sentence. */
export function named(part) {
  const modalities = { text: "the text", hashtags: "the hashtags", image: "the images" };
  const called = {
    modality: modalities[part.name],
    word: `the word “${isolated(part.name)}”`,
    characters: `the letters “${isolated(part.name)}”`,
    hashtag: `the hashtag ${isolated(`#${part.name}`)}`,
  };
  return called[part.kind] ?? part.name.replace(/^(image \d+), (.*)$/, "$1 ($2)");
}
