// Written by build.rs from proto. Do not edit.
//
// Messages are typed as they are received: plain fields always there, message
// fields possibly null, optional fields absent when unset, and for each one
// that is set a key with its name: `_field`, or that of its oneof. What may be
// sent is wider: Input<T>.

import type { BidiStream, ServerStream, Unary } from './index';

/** grpc/health/v1/health.proto */
export namespace health_v1 {
  interface HealthCheckRequest {
    service: string;
  }
  interface HealthCheckResponse {
    status: 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN' | number;
  }
  interface HealthListRequest {
  }
  interface HealthListResponse {
    statuses: { [key: string]: HealthCheckResponse };
  }
  /** grpc.health.v1.Health */
  interface Service {
    check: Unary<HealthCheckRequest, HealthCheckResponse>;
    Check: Unary<HealthCheckRequest, HealthCheckResponse>;
    list: Unary<HealthListRequest, HealthListResponse>;
    List: Unary<HealthListRequest, HealthListResponse>;
    watch: ServerStream<HealthCheckRequest, HealthCheckResponse>;
    Watch: ServerStream<HealthCheckRequest, HealthCheckResponse>;
  }
}

/** grpc/reflection/v1/reflection.proto */
export namespace reflection_v1 {
  interface ServerReflectionRequest {
    host: string;
    file_by_filename?: string;
    file_containing_symbol?: string;
    file_containing_extension?: ExtensionRequest;
    all_extension_numbers_of_type?: string;
    list_services?: string;
    message_request?: 'file_by_filename' | 'file_containing_symbol' | 'file_containing_extension' | 'all_extension_numbers_of_type' | 'list_services';
  }
  interface ExtensionRequest {
    containing_type: string;
    extension_number: number;
  }
  interface ServerReflectionResponse {
    valid_host: string;
    original_request: ServerReflectionRequest | null;
    file_descriptor_response?: FileDescriptorResponse;
    all_extension_numbers_response?: ExtensionNumberResponse;
    list_services_response?: ListServiceResponse;
    error_response?: ErrorResponse;
    message_response?: 'file_descriptor_response' | 'all_extension_numbers_response' | 'list_services_response' | 'error_response';
  }
  interface FileDescriptorResponse {
    file_descriptor_proto: Buffer[];
  }
  interface ExtensionNumberResponse {
    base_type_name: string;
    extension_number: number[];
  }
  interface ListServiceResponse {
    service: ServiceResponse[];
  }
  interface ServiceResponse {
    name: string;
  }
  interface ErrorResponse {
    error_code: number;
    error_message: string;
  }
  /** grpc.reflection.v1.ServerReflection */
  interface Service {
    serverReflectionInfo: BidiStream<ServerReflectionRequest, ServerReflectionResponse>;
    ServerReflectionInfo: BidiStream<ServerReflectionRequest, ServerReflectionResponse>;
  }
}

/** grpc/reflection/v1alpha/reflection.proto */
export namespace reflection_v1alpha {
  interface ServerReflectionRequest {
    host: string;
    file_by_filename?: string;
    file_containing_symbol?: string;
    file_containing_extension?: ExtensionRequest;
    all_extension_numbers_of_type?: string;
    list_services?: string;
    message_request?: 'file_by_filename' | 'file_containing_symbol' | 'file_containing_extension' | 'all_extension_numbers_of_type' | 'list_services';
  }
  interface ExtensionRequest {
    containing_type: string;
    extension_number: number;
  }
  interface ServerReflectionResponse {
    valid_host: string;
    original_request: ServerReflectionRequest | null;
    file_descriptor_response?: FileDescriptorResponse;
    all_extension_numbers_response?: ExtensionNumberResponse;
    list_services_response?: ListServiceResponse;
    error_response?: ErrorResponse;
    message_response?: 'file_descriptor_response' | 'all_extension_numbers_response' | 'list_services_response' | 'error_response';
  }
  interface FileDescriptorResponse {
    file_descriptor_proto: Buffer[];
  }
  interface ExtensionNumberResponse {
    base_type_name: string;
    extension_number: number[];
  }
  interface ListServiceResponse {
    service: ServiceResponse[];
  }
  interface ServiceResponse {
    name: string;
  }
  interface ErrorResponse {
    error_code: number;
    error_message: string;
  }
  /** grpc.reflection.v1alpha.ServerReflection */
  interface Service {
    serverReflectionInfo: BidiStream<ServerReflectionRequest, ServerReflectionResponse>;
    ServerReflectionInfo: BidiStream<ServerReflectionRequest, ServerReflectionResponse>;
  }
}
