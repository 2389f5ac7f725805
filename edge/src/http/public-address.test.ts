import { expect, test } from "vitest";
import { isPublicIp, whyNotPublic } from "./public-address.ts";

test.each([
  "http://example.com/a.png",
  "https://example.com:8443/a.png",
  "https://1.1.1.1/",
  "https://8.8.8.8.:443/",
  "https://[2606:4700:4700::1111]/",
  "https://xn--fiq228c.example.com/",
  "https://localhost.example.com/",
  "https://127.0.0.1.nip.io/",
])("%s may be fetched, as far as the address says", (url) => {
  expect(whyNotPublic(new URL(url))).toBeNull();
});

test.each([
  // Loopback in every notation that a URL parser takes for one.
  "http://127.0.0.1/",
  "http://127.1/",
  "http://127.0.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0x7f.0.0.1/",
  "http://0177.0.0.1/",
  "http://017700000001/",
  "http://127.0.0.1./",
  "http://127.255.255.254/",
  "http://１２７.０.０.１/",
  "http://127。0。0。1/",
  "http://%31%32%37.0.0.1/",
  "http://[::1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[0:0:0:0:0:ffff:7f00:0001]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[64:ff9b:1::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://[2001:0:7f00:1::]/",
  "http://[::ffff:0:7f00:1]/",
  // Private, local, shared, reserved.
  "http://0.0.0.0/",
  "http://0/",
  "http://10.0.0.1/",
  "http://167772161/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://0xc0a80101/",
  "http://100.64.0.1/",
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://192.0.0.1/",
  "http://192.0.2.1/",
  "http://198.18.0.1/",
  "http://198.51.100.1/",
  "http://203.0.113.1/",
  "http://224.0.0.1/",
  "http://240.0.0.1/",
  "http://255.255.255.255/",
  "http://[::]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd12:3456:789a::1]/",
  "http://[fec0::1]/",
  "http://[ff02::1]/",
  "http://[100::1]/",
  "http://[2001:db8::1]/",
  "http://[3fff::1]/",
  "http://[4000::1]/",
  // Names that mean this machine or this network.
  "http://localhost/",
  "http://LOCALHOST/",
  "http://localhost./",
  "http://a.localhost/",
  "http://localhost:8787/",
  "http://printer.local/",
  "http://metadata.google.internal/",
  "http://router.home.arpa/",
  "http://intranet/",
  "http://metadata/",
  "http://box.lan/",
  // Not an address of the web.
  "ftp://example.com/a.png",
  "file:///etc/passwd",
  "data:image/png;base64,AAAA",
  "javascript:alert(1)",
  "gopher://example.com/",
  "blob:https://example.com/1",
  "http://user:password@example.com/",
  "http://user@example.com/",
])("%s may not", (url) => {
  expect(whyNotPublic(new URL(url))).toEqual(expect.any(String));
});

test("a host that the operator opened may be fetched, at its port and no other", () => {
  const allowed = ["127.0.0.1:9000", "pictures.internal"];
  expect(whyNotPublic(new URL("http://127.0.0.1:9000/a.png"), allowed)).toBeNull();
  expect(whyNotPublic(new URL("http://2130706433:9000/a.png"), allowed)).toBeNull();
  expect(whyNotPublic(new URL("http://pictures.internal/a.png"), allowed)).toBeNull();
  expect(whyNotPublic(new URL("http://127.0.0.1:9001/a.png"), allowed)).not.toBeNull();
  expect(whyNotPublic(new URL("http://127.0.0.1/a.png"), allowed)).not.toBeNull();
  expect(whyNotPublic(new URL("ftp://127.0.0.1:9000/a.png"), allowed)).not.toBeNull();
  expect(whyNotPublic(new URL("http://me:pw@127.0.0.1:9000/"), allowed)).not.toBeNull();
});

test("what a name resolved to is public or not by itself; what is no address is not", () => {
  expect(["93.184.216.34", "2606:4700::1111"].map(isPublicIp)).toEqual([true, true]);
  expect(["127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "example.com", ""].map(isPublicIp)).toEqual([false, false, false, false, false]);
});
