// The services that can be blocked by name: one for each list in blocklists/services, which a test holds this to.

/** Names of the shipped lists, without their ending. */
export const SERVICES = [
  'discord',
  'facebook',
  'instagram',
  'netflix',
  'reddit',
  'roblox',
  'snapchat',
  'steam',
  'tiktok',
  'twitch',
  'whatsapp',
  'x',
  'youtube',
] as const
