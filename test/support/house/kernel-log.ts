// Lets the kernel log the firewall lines of namespaces, and puts the switch back when the last house is gone.
import { mustRun } from './place.ts'

/**
 * Houses that stand now (a file each, named by the house, holding the pid that built it), and the value of the switch
 * before the first one. The switch is one for the machine, so houses of several test runs share it.
 */
const STATE = '/run/askfirst-house'
const SWITCH = '/proc/sys/net/netfilter/nf_log_all_netns'

/** Turns the switch on for the house `id`, which lives no longer than this process. */
export const letKernelLog = (id: string): Promise<string> =>
  locked(
    `mkdir -p "$state/houses"
     [ -e "$state/before" ] || cat "$switch" > "$state/before"
     echo "$2" > "$state/houses/$1"
     [ "$(cat "$switch")" = 1 ] || echo 1 > "$switch"`,
    [id, String(process.pid)],
  )

/** Puts the switch back to its value from before the first house, unless another house that is alive needs it. */
export const restoreKernelLog = (id: string): Promise<string> =>
  locked(
    `rm -f "$state/houses/$1"
     [ -e "$state/before" ] || exit 0
     for house in "$state"/houses/*; do
       [ -e "$house" ] || continue
       if [ -d "/proc/$(cat "$house")" ]; then exit 0; else rm -f "$house"; fi
     done
     [ "$(cat "$switch")" = "$(cat "$state/before")" ] || cat "$state/before" > "$switch"
     rm -rf "$state"`,
    [id],
  )

const locked = (script: string, args: readonly string[]): Promise<string> =>
  mustRun('flock', [`${STATE}.lock`, 'sh', '-euc', `state=${STATE} switch=${SWITCH}\n${script}`, 'sh', ...args])
