process.argv[1] = '/work/main/tests/e2e/smoke.test.mjs';
const { Server, outDirectory } = await import('./server.mjs');
const { launchChromium } = await import('./browsers.mjs');
const { Person } = await import('./page.mjs');
const server = await Server.start(['--shards', '1']);
const browser = await launchChromium();
try {
  const ann = await Person.join(browser, server, { name: 'ann', room: 'tea', source: 'camera', picture: {width:1280,height:720} });
  const bob = await Person.join(browser, server, { name: 'bob', room: 'tea', source: 'none' });
  for (let i=0;i<10;i++) { await new Promise(r => setTimeout(r, 2000));
  console.log(JSON.stringify(await ann.page.evaluate(async () => { const out={}; (await window.heliograph.room.publications[0].pc.getStats()).forEach(r => { if (r.type==='candidate-pair'&&r.nominated) out.avail=r.availableOutgoingBitrate; if (r.type==='outbound-rtp'&&r.kind==='video') Object.assign(out,{w:r.frameWidth,fps:r.framesPerSecond,target:r.targetBitrate,lim:r.qualityLimitationReason,pli:r.pliCount,nack:r.nackCount, bytes:r.bytesSent, q: r.qpSum/r.framesEncoded}); if(r.type==='transport') out.srtp=r.srtpCipher; if(r.type==='remote-inbound-rtp') out['rtt'+r.kind]=r.roundTripTime }); return out; })));
  }
  const s = await bob.statsOf(ann); console.log(JSON.stringify(s));
  console.log(await bob.page.evaluate(async () => { const pc = window.heliograph.room.subscriptions[0].pc; const o={}; (await pc.getStats()).forEach(r => { if (r.type==='inbound-rtp'||r.type==='transport'||r.type==='remote-outbound-rtp') o[r.type+(r.kind??'')]=r; }); return JSON.stringify([o, pc.remoteDescription.sdp, pc.localDescription.sdp]); }));
  console.log(await ann.page.evaluate(async () => { const pc = window.heliograph.room.publications[0].pc; return JSON.stringify([pc.localDescription.sdp, pc.remoteDescription.sdp]); }));
} catch (e) { console.log(e); }
await browser.close(); console.log(await server.end());
