process.argv[1] = '/work/main/tests/e2e/smoke.test.mjs';
const { Server, outDirectory } = await import('/work/main/tests/e2e/server.mjs');
const { launchChromium } = await import('/work/main/tests/e2e/browsers.mjs');
const { Person } = await import('/work/main/tests/e2e/page.mjs');
const server = await Server.start(['--shards', '1']);
const browser = await launchChromium();
console.log(browser.version);
try {
  const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera' });
  console.log('ann in', await ann.tiles());
  const bob = await Person.join(browser, server, { name: 'bob', room: 'tea', source: 'camera' });
  await new Promise(r => setTimeout(r, 6000));
  for (const p of [ann, bob]) { console.log(p.name, JSON.stringify(await p.tiles())); console.log(JSON.stringify(await p.stats(), null, 1)); console.log(p.messages.slice(-10)); }
  await bob.picture('bob');
  console.log(await (await fetch(server.url + 'metrics')).text());
} catch (e) { console.log(e); }
await browser.close(); console.log(await server.stop());
