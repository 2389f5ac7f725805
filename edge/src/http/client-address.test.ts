import { expect, test } from "vitest";
import { addressBlock, clientAddress } from "./client-address.ts";

test.each([
  ["203.0.113.9", "203.0.113.9"],
  [" 203.0.113.9 ", "203.0.113.9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["::FFFF:cb00:7109", "203.0.113.9"],
  ["0:0:0:0:0:ffff:203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  [undefined, "unknown"],
  ["", "unknown"],
  ["0x7f.1", "unknown"],
  ["2130706433", "unknown"],
  ["1:2:3", "unknown"],
  ["<script>", "unknown"],
  ["x".repeat(1000), "unknown"],
])("an address %s counts as %s", (header, address) => {
  expect(clientAddress(header)).toBe(address);
});

test.each([
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
  ["2001:db8:1:ffff::", "2001:db8:1::/48"],
  ["203.0.113.9", null],
  ["::ffff:203.0.113.9", null],
  [undefined, null],
])("an address %s lies in the block %s", (header, block) => {
  expect(addressBlock(clientAddress(header))).toBe(block);
});
