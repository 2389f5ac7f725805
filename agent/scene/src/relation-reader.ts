/** Follows the phrases of a prompt and notes which thing is on, under or beside which. */
import type { RelationName } from "./vocabulary.ts";
import type { WishedObject } from "./wish.ts";

/** These say something of one thing only; the others hold for all things of "a cat and a dog under ...". */
const OF_ONE_THING: ReadonlySet<RelationName> = new Set(["leftOf", "rightOf", "holding", "wearing", "inside"]);
/** Without a thing after them these words are verbs that the picture does not show. */
const NEEDS_ITS_THING: ReadonlySet<RelationName> = new Set(["holding", "wearing"]);

/** Postures of "sitting on the grass", where grass is a place: nothing shows them either. */
const POSTURE = /^(sit|lying|lies|坐|躺|趴)/;

const HAN = /\p{Script=Han}/u;

interface RelationReader {
  onObject(object: WishedObject): void;
  onPlace(): void;
  onJoiner(): void;
  /** 在 */
  onPlacing(): void;
  /** "on top of", between its two things. */
  onRelation(name: RelationName, word: string): void;
  /** 上面, after the thing below. */
  onRelationAfter(name: RelationName, previousKind: string | undefined): void;
  unresolvedWords(): string[];
}

export function createRelationReader(objects: readonly WishedObject[]): RelationReader {
  /** Things joined by "and", not yet placed. */
  let group: WishedObject[] = [];
  let awaiting: { name: RelationName; subjects: WishedObject[]; word: string } | null = null;
  let anchor: { name: RelationName; target: WishedObject } | null = null;
  /** 戴着皇冠的青蛙: the verb comes first, then its thing, then who does it. */
  let verbFirst: { name: RelationName; word: string; target?: WishedObject } | null = null;
  let placed: WishedObject[] = [];
  const unresolved: string[] = [];

  const relate = (subject: WishedObject, name: RelationName, target: WishedObject): void => {
    if (subject !== target && target.relation?.to !== subject.id) subject.relation ??= { name, to: target.id };
  };
  const giveUp = (): void => {
    if (awaiting && (NEEDS_ITS_THING.has(awaiting.name) || POSTURE.test(awaiting.word))) unresolved.push(awaiting.word);
    if (verbFirst && !verbFirst.target && NEEDS_ITS_THING.has(verbFirst.name)) unresolved.push(verbFirst.word);
    [awaiting, verbFirst] = [null, null];
  };

  return {
    onObject: (object) => {
      if (awaiting) {
        for (const subject of awaiting.subjects) relate(subject, awaiting.name, object);
        awaiting = null;
        group = [];
      } else if (verbFirst?.target) {
        relate(object, verbFirst.name, verbFirst.target);
        [verbFirst, anchor] = [null, null];
      } else if (verbFirst) {
        verbFirst.target = object;
      } else if (anchor) {
        relate(object, anchor.name, anchor.target);
        anchor = null;
      }
      group.push(object);
    },
    onPlace: () => {
      giveUp();
      // 熊猫在竹林里吃竹子: who was placed there is who does what follows.
      [anchor, group, placed] = [null, placed, []];
    },
    onJoiner: () => {
      giveUp();
    },
    onPlacing: () => {
      placed = [...group];
    },
    onRelation: (name, word) => {
      giveUp();
      // "a robot in a library holding a book": the place between them changes nothing.
      const last = group.at(-1) ?? (HAN.test(word) ? undefined : objects.at(-1));
      if (!last) {
        if (HAN.test(word)) verbFirst = { name, word };
        else if (NEEDS_ITS_THING.has(name)) unresolved.push(word);
        return;
      }
      awaiting = { name, subjects: OF_ONE_THING.has(name) || group.length === 0 ? [last] : [...group], word };
    },
    onRelationAfter: (name, previousKind) => {
      const target = objects.at(-1);
      if (!target || previousKind !== "object") return;
      const subjects = placed.filter((object) => object !== target);
      if (subjects.length > 0) for (const subject of subjects) relate(subject, name, target);
      else anchor = { name, target };
      placed = [];
    },
    unresolvedWords: () => {
      giveUp();
      return unresolved;
    },
  };
}
