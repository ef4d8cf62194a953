// A group of devices for tests: what a test does not speak of is as in a group that only has lists.
import type { Group, Member } from '../../src/policy/group.ts'

export const groupOf = (name: string, members: readonly Member[] = [], change: Partial<Group> = {}): Group => ({
  name,
  members,
  withDefault: true,
  only: false,
  answer: undefined,
  safeSearch: [],
  upstreams: false,
  ...change,
})
