// Planted: a decision that reaches the file system through a friend. boundaries.test.ts wants this to be refused.
export { secretWord } from "./friend.ts";
