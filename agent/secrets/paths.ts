/** How a path of a system begins. No secret does, and what stands in one is a version at most. */
export const pathStart =
  /^\/(?:bin|boot|dev|etc|home|lib\w{0,4}|media|mnt|opt|ostree|proc|root|run|sbin|srv|sys|tmp|usr|var)\//;
