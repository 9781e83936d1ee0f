// SPDX-License-Identifier: Apache-2.0
import { notices } from './messages.ts';

/** Copies a link, or where there is no clipboard (over plain http) shows it. `what`: “The link to …”. */
export async function giveLink(what: string, link: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(link);
    notices.say(`${what} is copied.`);
  } catch {
    notices.say(`${what}: ${link}`);
  }
}
