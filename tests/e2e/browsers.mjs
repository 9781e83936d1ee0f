// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { address } from './netns.mjs';

const origin = `http://${address}:8080`;

/** A camera's picture that two cores can encode and decode several times. */
export const smallPicture = { width: 640, height: 360 };

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-sync',
  '--disable-component-update',
  '--use-fake-device-for-media-stream=fps=30',
  '--use-fake-ui-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen',
  `--unsafely-treat-insecure-origin-as-secure=${origin}`,
];

/** The page asks for 1280×720; a test's camera gives what the test wants. Runs in the page. */
function setPicture(picture) {
  const devices = navigator.mediaDevices;
  const original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (constraints) =>
    original({ ...constraints, ...(constraints.video && { video: { ...picture, frameRate: 30 } }) });
}

/** Chromium, in which each page is a person with a profile of their own. */
export async function launchChromium() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: chromiumFlags });
  return {
    name: 'Chromium',
    version: browser.version(),
    async newPage({ picture = smallPicture, viewport = { width: 1280, height: 800 } } = {}) {
      const context = await browser.newContext({ viewport });
      await context.addInitScript(setPicture, picture);
      return context.newPage();
    },
    close: () => browser.close(),
  };
}
