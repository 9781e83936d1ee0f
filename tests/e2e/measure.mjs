// SPDX-License-Identifier: Apache-2.0
import { until } from './until.mjs';

/** Frames a second that `viewer` decodes of `publisher`, over `seconds` or a little more. */
export async function frameRate(viewer, publisher, seconds = 4) {
  const decoded = async () => ({ frames: (await viewer.statsOf(publisher)).video.framesDecoded, at: performance.now() });
  const first = await decoded();
  const last = await until('time to pass', async () => {
    const now = await decoded();
    return now.at - first.at >= seconds * 1_000 && now;
  }, seconds * 1_000 + 5_000, 200);
  return ((last.frames - first.frames) * 1_000) / (last.at - first.at);
}

/**
 * Joins and leaves `count` times by the page's own buttons. Milliseconds, each time, from the click on Join (the socket is
 * not open yet) to the first decoded frame of `publisher` on the screen.
 */
export async function firstFrameTimes(person, publisher, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    times.push(await person.page.evaluate(joinAndWaitForFrame, publisher.name));
    await person.click('#leave');
    await until('the form is back', () => person.page.evaluate(() => document.body.dataset.view === 'lobby' && !document.querySelector('#join').disabled));
  }
  return times;
}

/** Runs in the page. */
function joinAndWaitForFrame(userId) {
  return new Promise((done, failed) => {
    const start = performance.now();
    setTimeout(() => failed(new Error('no frame within 10 s')), 10_000);
    const observer = new MutationObserver(() => {
      const video = document.querySelector(`[data-user-id="${userId}"] video`);
      if (!video) return;
      observer.disconnect();
      video.requestVideoFrameCallback(() => done(performance.now() - start));
    });
    observer.observe(document.body, { childList: true, subtree: true });
    document.querySelector('#join').click();
  });
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
