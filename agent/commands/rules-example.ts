/** A whole `pristine.yaml`, for the help of `pristine rules`: each key and each treatment once. */
export const rulesExample = `
# The first rule that matches decides; then the profile of the distribution; then immutable.
# Patterns: *, ?, […], and ** as a whole segment; /x/** does not match /x.
profile: debian              # default: by os-release; base ubuntu rhel amazon alpine suse
rules:
  - match: /usr/**           # each byte and attribute as baked: what holds where no rule matches
    as: immutable
    severity: high           # info low medium high critical; default medium; info is no drift
  - match: [/srv/log/**, /srv/spool/**]
    as: ephemeral            # anything may be written but new programs and what guards look for
  - match: /etc/app/id       # each instance has its own content; type, owner and mode as baked
    as: per-instance
  - match: /etc/app/boot/**  # a first boot writes files there; what they mean must be foreseen
    as: set-at-boot
    expect: { users: [deploy], sudoers: ['deploy ALL=(ALL) ALL'] }
  - match: /srv/data/**      # not looked at, and each report says so
    as: ignored
    reason: a volume of the customer
  - match: /srv/vendor/**   # not of this image; left out as well
    as: foreign
    reason: a vendor's tool brings itself
  - match: /srv/app/helper   # guards (setuid, sudoers, cron, …) are silenced by name only
    as: per-instance
    override: setuid
    reason: it is made at boot
  - match: /etc/app/motd     # other contents that are known and fine
    as: immutable
    accept: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
texts: [/srv/app/*.conf]     # public text whose changes may be shown, besides the profile's
noTexts: [/etc/cron.d/*]     # never shown
listening:                   # any other socket is a finding; without it, sockets are not judged
  - { socket: tcp/22, program: /usr/sbin/sshd }
components:                  # further signed manifests that may be laid over the image there
  - { name: cni-calico, paths: /opt/cni/** }
`;
