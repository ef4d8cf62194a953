// The 54 named malformed queries of AdguardTeam/dnsproxy (Apache-2.0; ../shared/data/README.md): each has its outcome here.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { RCODE } from '../../../src/base/question.ts'
import { inMemory } from '../../support/in-memory.ts'
import { fullRcodeOf, queryPacket, readPacket } from '../../support/packets.ts'

const FILE = '../shared/data/dns/malformed-adguard-dnsproxy.jsonl'

/** Not malformed as DNS has it: options that are unknown or of no use here, whatever their content. */
const ANSWERED = [
  'cookie_option_with_code_11',
  'ecs_option_with_code_11',
  'ede_option_with_code_8',
  'edns_option_with_code_gaps_missing_odd_codes',
  'edns_options_list_with_gap_option_1_and_option_3_missing_option_2',
  'expire_option_with_code_11',
  'expire_query_with_option_length_1',
  'padding_option_with_code_11',
]

/** Refused as malformed (RFC 1035 §4.1.1), by what is wrong with them. */
const MALFORMED: Readonly<Record<string, readonly string[]>> = {
  'a client subnet that is none (RFC 7871 §7.1.2)': [
    'chain_option_with_code_8',
    'client_subnet_option_ecs_with_private_ip_but_querying_public_dns',
    'dau_option_with_code_8_instead_of_5',
    'dhu_option_with_code_8',
    'ecs_option_with_scope_prefix_length_non_zero_in_query',
    'ecs_option_with_unsupported_address_family',
    'ecs_query_with_scope_prefix_length_11',
    'ecs_source_prefix_length_exceeds_ip_address_bits',
    'edns_ecs_with_ipv4_source_prefix_length_excess',
    'edns_ecs_with_ipv6_source_prefix_length_excess',
    'edns_ecs_with_source_prefix_length_0_no_client_subnet_info',
    'edns_option_chain_with_backward_option_code_ordering',
    'edns_options_with_duplicate_codes',
    'internal_query_with_ecs_indicating_external_client_subnet',
    'key_tag_option_with_code_8',
    'n3u_option_with_code_8',
    'query_with_ecs_indicating_internal_subnet_from_external_source',
    'tcp_keepalive_option_with_code_8',
  ],
  'options that do not fill their record (RFC 6891 §6.1.2)': [
    'edns_dau_dhu_n3u_options_with_not_matching_list_length',
    'edns_option_with_option_length_0_but_option_data_present',
    'edns_option_with_option_length_claiming_100_bytes_but_only_10_present',
    'edns_options_with_total_length_exceeding_rdlen',
    'edns_padding_option_at_the_beginning',
    'edns_padding_with_non_zero_bytes_should_be_zero_padding',
    'query_with_edns_option_extending_beyond_rdlen_boundary',
    'query_with_multiple_edns_options_each_claiming_large_lengths',
    'query_with_rdata_truncated',
    'rdlen_10_actual_options_length_6',
    'tcp_query_with_data_beyond_declared_length_prefix',
  ],
  'a record that is cut': [
    'edns_version_19',
    'query_for_dnssec_chain_validation_but_cd_1_disables_chain_checking',
    'query_with_edns_option_length_extending_beyond_packet',
    'rdlength_in_opt_rr_set_to_max_uint16',
    'udp_payload_size_64_rdlength_claims_1000_bytes',
  ],
  'an OPT record whose owner is not the root (RFC 6891 §6.1.2)': [
    'opt_rr_name_containing_invalid_label_length',
    'opt_rr_with_name_set_to_label_sequence_variant_9',
  ],
  'answers or authority in a query': [
    'compression_chain_spanning_all_sections',
    'compression_pointer_chain_depth_200',
    'compression_pointer_in_authority_section_pointing_to_additional_section',
    'compression_pointer_offset_aligned_to_odd_boundary',
    'compression_pointer_with_offset_16382_max_valid_14_bit_value',
    'compression_pointer_with_offset_using_only_lower_14_bits',
    'query_designed_to_fragment_at_compression_pointer_boundary',
    'rr_name_with_compression_pointer_offset_exceeding_message',
  ],
  'a compression pointer that does not point backward (RFC 1035 §4.1.4)': [
    'circular_compression_reference_chain_variant_4',
  ],
}

/** RFC 6891 §6.1.3. */
const OTHER_VERSION = ['query_with_version_255_and_all_edns_options_present']

const expected = new Map<string, number>([
  ...ANSWERED.map((name) => [name, RCODE.NOERROR] as const),
  ...Object.values(MALFORMED).flatMap((names) => names.map((name) => [name, RCODE.FORMERR] as const)),
  ...OTHER_VERSION.map((name) => [name, RCODE.BADVERS] as const),
])

interface Sample {
  readonly name: string
  readonly hex: string
}

describe.skipIf(!existsSync(FILE))('malformed queries', () => {
  const samples = existsSync(FILE)
    ? readFileSync(FILE, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Sample)
    : []

  test('all have an outcome in this table', () => {
    expect(samples.map(({ name }) => name.replace('.bin', '')).sort()).toEqual([...expected.keys()].sort())
  })

  for (const transport of ['udp', 'tcp'] as const) {
    test.each(samples)(`$name over ${transport} ends as the table says`, async ({ name, hex }) => {
      const { slow, quick, forwarded } = inMemory({})
      const packet = Buffer.from(hex, 'hex')
      expect(quick(packet)).toBeUndefined()
      const reply = (await slow(packet, '192.168.1.5', transport)) as Uint8Array
      const rcode = expected.get(name.replace('.bin', ''))
      expect(readPacket(reply).id).toBe(packet.readUInt16BE(0))
      expect(fullRcodeOf(reply)).toBe(rcode)
      expect(forwarded).toHaveLength(rcode === RCODE.NOERROR ? 1 : 0)
    })
  }
})

describe('what is no query at all', () => {
  const { slow, forwarded } = inMemory({})
  const query = queryPacket('www.example')
  test('gets silence: a response, or less than a header (RFC 1035 §7.3)', async () => {
    const response = Buffer.from(query)
    response[2] = 0x81
    expect(await slow(response)).toBeUndefined()
    for (let length = 0; length < 12; length++) expect(await slow(query.subarray(0, length))).toBeUndefined()
    expect(forwarded).toEqual([])
  })
  test.each([1, 2, 3, 4, 5, 6, 15])('of opcode %i gets NOTIMP, whatever follows its header', async (opcode) => {
    const other = Buffer.from(query)
    other[2] = opcode << 3
    const reply = (await slow(other.subarray(0, 12 + opcode))) as Uint8Array
    expect(fullRcodeOf(reply)).toBe(RCODE.NOTIMP)
    expect(((reply[2] as number) >> 3) & 15).toBe(opcode)
  })
  test.each([0, 2, 254, 255, 4])('of class %i is refused, and says so with EDE 21', async (other) => {
    const packet = Buffer.from(query)
    packet[packet.length - 1] = other
    expect(fullRcodeOf((await slow(packet)) as Uint8Array)).toBe(RCODE.REFUSED)
  })
})
