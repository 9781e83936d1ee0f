// SPDX-License-Identifier: Apache-2.0
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
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
  '--autoplay-policy=no-user-gesture-required', // a watcher who clicked nothing hears too
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

/** A fake camera and microphone without a question, on a page that is not served over TLS; true host candidates. */
const firefoxPreferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.devices.insecure.enabled': true,
  'media.getusermedia.insecure.enabled': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.gmp-manager.updateEnabled': false,
};

/** Lets a test cut the page's WebSocket: `window.sockets` has them all. Runs in the page. */
function rememberSockets() {
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...where) {
      super(...where);
      window.sockets.push(this);
    }
  };
}

/** Chromium, in which each page is a person with a profile of their own. */
export async function launchChromium() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: chromiumFlags });
  return {
    name: 'Chromium',
    version: browser.version(),
    /** `more`: of Playwright's context, such as `ignoreHTTPSErrors`. */
    async newPage({ picture = smallPicture, viewport = { width: 1280, height: 800 }, ...more } = {}) {
      const context = await browser.newContext({ viewport, ...more });
      await context.addInitScript(setPicture, picture);
      await context.addInitScript(rememberSockets);
      return context.newPage();
    },
    close: () => browser.close(),
  };
}

/** Firefox ESR over WebDriver BiDi. */
export async function launchFirefox() {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: firefoxPreferences,
  });
  return {
    name: 'Firefox',
    version: await browser.version(),
    async newPage({ picture = smallPicture, viewport = { width: 1280, height: 800 } } = {}) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setViewport(viewport);
      await page.evaluateOnNewDocument(setPicture, picture);
      return page;
    },
    close: () => browser.close(),
  };
}
